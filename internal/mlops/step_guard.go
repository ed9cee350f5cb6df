package mlops

import (
	"fmt"
	"strings"
	"time"
)

// refusal is a guard that holds, in words. notBefore is zero where no time will lift it.
type refusal struct {
	guard     Guard
	reason    string
	notBefore time.Time
}

// guard is the first guard that holds a cause back, nil where all let it pass. A bootstrap and a forced request pass all
// but the freeze: nothing starts on a frozen model.
func (d decision) guard(cause Cause, force bool) *refusal {
	if d.state.Frozen != nil {
		return d.frozen()
	}
	if force || cause.Kind == CauseBootstrap {
		return nil
	}
	for _, guard := range []func() *refusal{d.dataQuality, d.cooldown, d.budget} {
		if held := guard(); held != nil {
			return held
		}
	}
	champion, hasChampion := d.state.Champion()
	if !hasChampion {
		return nil
	}
	if cause.Kind == CauseSchedule && d.nothingNew(champion) {
		return &refusal{guard: GuardNothingNew, reason: fmt.Sprintf("nothing is new since version %d: same data, same code", champion.Number)}
	}
	// New code may learn from the data at hand, and a drift waits for data first: it is asked again when they arrive.
	if cause.Kind == CauseCode || cause.Kind == CauseDrift && !d.world.newerThan(champion) {
		return nil
	}
	return d.minimumNewRows(champion)
}

func (d decision) frozen() *refusal {
	freeze := d.state.Frozen
	return &refusal{guard: GuardFrozen, reason: fmt.Sprintf(
		"model %q was frozen by %s at %s (%s): `mlops thaw %s` lets it go on", d.state.Model, freeze.Actor.Name, stamp(freeze.Time), freeze.Reason, d.state.Model)}
}

func (d decision) dataQuality() *refusal {
	for _, episode := range d.world.Episodes {
		if faulty(episode) {
			return &refusal{guard: GuardDataQuality, reason: faultText(episode)}
		}
	}
	return nil
}

// faulty says that an episode blocks training: what arrives cannot be true, and nobody has overruled that.
func faulty(episode Episode) bool { return episode.Verdict == VerdictDataQuality && !episode.Accepted }

func faultText(episode Episode) string {
	return fmt.Sprintf("drift monitor %q sees faulty data: %s. Mend the source, or overrule with `mlops drift accept %s --reason ...`",
		episode.Monitor, strings.TrimSuffix(episode.Summary, "."), episode.Monitor)
}

func (d decision) cooldown() *refusal {
	cooldown := d.world.Policy.Guards.Cooldown.Std()
	until := d.state.LastStart.Add(cooldown)
	if d.state.LastStart.IsZero() || !d.world.Now.Before(until) {
		return nil
	}
	return &refusal{guard: GuardCooldown, notBefore: until, reason: fmt.Sprintf(
		"the last run began at %s and the cool-down is %s: not before %s", stamp(d.state.LastStart), d.world.Policy.Guards.Cooldown, stamp(until))}
}

func (d decision) budget() *refusal {
	limit, period := d.world.Policy.Guards.MaximumRuns, d.world.Policy.Guards.BudgetPeriod
	if limit <= 0 {
		return nil
	}
	var within []time.Time
	for _, started := range d.state.Started {
		if d.world.Now.Sub(started) < period.Std() {
			within = append(within, started)
		}
	}
	over := int64(len(within)) - limit
	if over < 0 {
		return nil
	}
	until := within[over].Add(period.Std())
	return &refusal{guard: GuardBudget, notBefore: until, reason: fmt.Sprintf(
		"%d runs began within the last %s and the limit is %d: not before %s", len(within), period, limit, stamp(until))}
}

func (d decision) minimumNewRows(champion ModelVersion) *refusal {
	least, rows := d.world.Policy.Guards.MinimumNewRows, d.world.newRows(champion)
	if rows >= least {
		return nil
	}
	return &refusal{guard: GuardMinimumNewRows, reason: fmt.Sprintf(
		"%d rows are new since the data of version %d, and at least %d are asked for", rows, champion.Number, least)}
}

func (d decision) nothingNew(champion ModelVersion) bool {
	return !d.world.newerThan(champion) && d.world.Training != nil && d.world.Training.Revision() == champion.Inputs.Revision
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
