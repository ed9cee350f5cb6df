package control

import "github.com/terraform-mlops/terraform-provider-mlops/internal/mlops"

// mayWrite says whether this controller understands all that is declared, from what a pass has read anyway. A newer
// provider may ask for what an older controller would do wrongly: it then waits until it is replaced.
func (c *Controller) mayWrite() error {
	documents := make([]mlops.SpecDocument, 0, len(c.specs.byKey))
	for _, found := range c.specs.byKey { // deleted and faulty ones among them
		documents = append(documents, found.document)
	}
	return mlops.MayWrite(c.project.AgentVersion, documents)
}
