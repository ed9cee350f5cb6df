# A release of the trainer with a bug: a feature column is shuffled against the others, as after a join on the wrong key.
image      = "flight-delay:1.1.0"
parameters = { l2 = "0.01", shuffle_column = "scheduled_departure" }
