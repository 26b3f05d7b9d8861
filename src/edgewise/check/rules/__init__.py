"""The rules, one module for each thing that they are about. `edgewise.check.catalogue` lists them."""
