// Package podscene is an Azure whose cluster runs real pods: the fakes of the management API, of Entra and of Blob storage
// listen where pods reach them, pods get their identities by tokens of their service accounts as on AKS, and images come from
// programs that were built here. The cluster is made for the scene, or is one that is there already. It must not know what
// any one test or demo is about.
package podscene
