"""What a user agent is, where an address is, and what a page is: `classify`, `Countries`, `pages`, and kinds of device.

`exported` and `country_table` are the same rules and data as the edge takes them; `country_names` are for reports.

Contract: values in, values out; nothing is decoded and nothing is asked over a network. The data come from packages
that others keep up (`crawler-user-agents`, `ua-parser`) and from the user's own address database. Those packages are
loaded by the first call that needs them, so importing this package costs next to nothing. It imports nothing of
ours but `edgewise.errors`.
"""

from edgewise.agents.classify import Agent, classify
from edgewise.agents.countries import Countries
from edgewise.agents.devices import devices
from edgewise.agents.errors import AgentsError, DatabaseError
from edgewise.agents.export import exported
from edgewise.agents.names import country_names
from edgewise.agents.people import is_person
from edgewise.agents.table import country_table

__all__ = [
    "Agent",
    "AgentsError",
    "Countries",
    "DatabaseError",
    "classify",
    "country_names",
    "country_table",
    "devices",
    "exported",
    "is_person",
]
