package study

// Experiments are all of the study, in the order of its table. The flights are there where their file is.
func Experiments(flights string) []Experiment {
	all := []Experiment{
		withoutDrift("looks", "no drift, the 50 listed features", Listed(), false, 100, 300, 1000, 10000),
		withoutDrift("looks-million", "no drift, the 50 listed features", Listed(), true, million),
		withoutDrift("unlisted", "no drift, 50 features of laws not listed", Unlisted(), false, 100, 300, 1000, 10000),
		withoutDrift("unlisted-million", "no drift, 50 features of laws not listed", Unlisted(), true, million),
		slidingDays(300, 0.1),
		slidingDays(2000, 0.05),
		daysOfTheirOwn(20, 300, 1000, 10000),
		daysOfTheirOwn(7, 1000, 10000),
		missed("power", referenceRows, changesToFind()),
		missed("power-10000", 10000, quarterSigma()),
		missed("power-2000", 2000, quarterSigma()),
		doses(),
	}
	if flights != "" {
		all = append(all, realFlights(flights))
	}
	return all
}
