"""The AWS that `edgewise up` brings along: moto's server, with what it lacks of the services that a site uses.

`template.py` reads from a site's own template what is to be there; `server.py` is the process that makes and serves
it. Each file of `mends/` closes one gap of moto, and names the real behaviour that it stands for; `firehose/` is a
delivery stream's own work, as plain functions.
"""
