# The demo lives through weeks in minutes: runs may follow one another at once.
cooldown = "1s"
