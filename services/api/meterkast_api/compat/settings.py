"""The `[compat]` section: how other programs' old paths are served."""

from meterkast_contracts.messages import GatewayName
from meterkast_runtime.section import Section
from pydantic import Field


class CompatSection(Section):
    """Which gateway the old paths show, to whom, and whether the network hears of it."""

    gateway: GatewayName | None = Field(
        default=None, description="Whose meter the old paths show; without it the only one, or the first by name."
    )
    open: bool = Field(
        default=False,
        description="Answer the old paths to everybody, since old programs cannot log in, and to every web page too.",
    )
    announce: bool = Field(
        default=False, description="Announce a HomeWizard P1 meter by mDNS, at the address and port of the API."
    )
