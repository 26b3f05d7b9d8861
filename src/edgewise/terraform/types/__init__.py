"""The types of CloudFormation that have a counterpart in Terraform: tables, a module for each group of services."""
