"""What models cost: an operator's own list first, then the one that genai-prices brings. Nothing is fetched."""

from __future__ import annotations

import json
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cuebook_server.domain.errors import Invalid
from cuebook_server.services.ports_checking import Cost


class BadPrices(Invalid):
    """The list of prices cannot be read."""

    code = "bad_prices"
    hint = 'CUEBOOK_PRICES names a JSON file: {"provider/model": {"input": 2.5, "as_of": "2026-11-01", "source": "contract"}}.'


class Price(BaseModel):
    """A line of the operator's list. ``input``: US dollars for a million tokens that go in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    as_of: str = ""
    source: str = "this server's list"


_LIST = TypeAdapter(dict[str, Price])


class PriceList:
    """Prices by provider and model. The operator's file is read at the start, so that a bad one stops it."""

    def __init__(self, path: Path | None) -> None:
        self._own = _read(path) if path else {}

    def cost(self, tokens: int, provider: str, model: str) -> Cost | None:
        """What so many tokens cost as input, or ``None`` where nobody has told."""
        if own := self._own.get(f"{provider}/{model}"):
            return Cost(tokens * own.input / 1_000_000, own.source, own.as_of)
        return self._known.cost(tokens, provider, model)

    @cached_property
    def _known(self) -> _Known:
        return _Known()


class _Known:
    """The list of the package, imported on demand: it takes half a second and 30 MB."""

    def __init__(self) -> None:
        import genai_prices

        self._prices = genai_prices
        self._source = f"genai-prices {version('genai-prices')}"

    def cost(self, tokens: int, provider: str, model: str) -> Cost | None:
        usage = self._prices.Usage(input_tokens=tokens)
        try:
            found = self._prices.calc_price(usage, model_ref=model, provider_id=provider or None)
        except LookupError:
            return None
        return Cost(float(found.input_price), self._source, "")


def _read(path: Path) -> dict[str, Price]:
    try:
        return _LIST.validate_python(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadPrices(f"{path.name}: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadPrices(f"{path.name}: {where}: {first['msg']}.") from None
    except ValueError:
        raise BadPrices(f"{path.name} is no JSON.") from None
