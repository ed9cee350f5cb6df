// Command terraform-provider-mlops serves the provider to Terraform.
package main

func main() {}
