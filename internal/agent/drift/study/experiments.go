package study

// Experiments are all of the study, in the order of its table. The flights are there where their file is.
func Experiments(flights string) []Experiment {
	all := []Experiment{
		withoutDrift("looks", "no drift, the 50 listed features", Listed(), false, 100, 300, 1000, 10000),
		withoutDrift("looks-million", "no drift, the 50 listed features", Listed(), true, million),
		withoutDrift("unlisted", "no drift, 50 features of laws not listed", Unlisted(), false, 100, 300, 1000, 10000),
		withoutDrift("unlisted-million", "no drift, 50 features of laws not listed", Unlisted(), true, million),
		unchanged("hard-500", "no drift, 50 features of hard laws, reference 500", Hard(), 500, drawAll, false, 100, 200, 1000, 5000),
		unchanged("hard-2000", "no drift, 50 features of hard laws, reference 2,000", Hard(), 2000, drawAll, false, 100, 200, 1000, 5000),
		unchanged("hard-50000", "no drift, 50 features of hard laws, reference 50,000", Hard(), 50000, drawAll, false, 100, 200, 1000, 5000),
		unchanged("correlated", "no drift, the 50 listed features correlated by 0.9", Listed(), referenceRows, hangingTogether(0.9), false, 100, 300, 1000),
		unchanged("copied", "no drift, every feature a copy of the same", Listed(), referenceRows, hangingTogether(1), false, 100, 300, 1000),
		slidingDays(300),
		slidingDays(2000),
		daysOfTheirOwn(20, 300, 1000, 10000),
		daysOfTheirOwn(7, 1000, 10000),
		missed("power", referenceRows, changesToFind()),
		missed("power-10000", 10000, quarterSigma()),
		missed("power-2000", 2000, quarterSigma()),
		missed("power-hard", referenceRows, hardChanges()),
		together(),
		doses(),
	}
	if flights != "" {
		all = append(all, realFlights(flights), airportFlights(flights))
	}
	return all
}
