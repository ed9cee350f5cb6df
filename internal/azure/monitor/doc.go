// Package monitor makes Azure Monitor tell people what a project's controller has decided: one log alert rule for each
// signal, severity and set of receivers over the gauges that the controller sends, and an action group for each role. What
// there must be is a pure function of what is declared; applying it compares by our own keys, so that what the service or a
// policy adds is not ours to change. It must not know when something is wrong: that is the controller's to say.
package monitor
