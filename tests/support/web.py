"""Single requests to servers of this machine, by plain http.

``httpx2.get`` reads every certificate authority first, 36 ms of a processor's time: more than most of what tests ask for costs.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx2

_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts no server, and none here is asked for a certificate

request = partial(httpx2.request, verify=_NOBODY)
get, post = partial(request, "GET"), partial(request, "POST")
