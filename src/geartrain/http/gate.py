"""The gate: how it is found out who a request is from.

In this order: a bearer token, the cookie of a login, the name that a trusted proxy has
let in, and without any of these the address, certificate or local user of the
connection. What that one may do, the engine's rules say.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote
from weakref import WeakSet

from starlette.requests import HTTPConnection
from starlette.responses import Response

from geartrain.engine.model.access import Access, Rules
from geartrain.engine.model.principals import Identity
from geartrain.errors import GeartrainError, OptionError, StartError
from geartrain.http.attempts import Attempts
from geartrain.http.checking import Checker
from geartrain.http.logins import Endable, Login, Logins
from geartrain.http.prefix import prefix_of
from geartrain.http.problems import ProblemError
from geartrain.http.proxies import Proxies
from geartrain.http.visitors import Visitor
from geartrain.server.access import digest_of
from geartrain.server.options import Options
from geartrain.server.passwords import Account, hash_of, read_passwords

__all__ = ["Gate", "read_token"]

_log = logging.getLogger("geartrain.http")

_COOKIE: Final = "geartrain"
"""How the name of a login's cookie begins; over TLS ``__Host-`` is before it."""

_SECURE: Final = "__Host-"
# Shorter ones can be guessed.
_LEAST_TOKEN: Final = 16
_ASK_FOR_TOKEN: Final = {"WWW-Authenticate": 'Bearer realm="geartrain"'}


@dataclass(frozen=True)
class _Secrets:
    """What is read from files."""

    token: bytes
    accounts: Mapping[str, Account]


class Gate:
    """Finds out who asks, and lets people log in.

    Attributes:
        logins: who is logged in.
        proxies: whom to believe who a request is from.
        when_reloading: what is called once who may do what was read again.
    """

    def __init__(
        self,
        options: Options,
        rules: Callable[[], Rules],
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Let in whom ``options`` and ``rules`` know.

        Raises:
            OptionError: the file of passwords cannot be read, or a line of it.
            StartError: the file of the token cannot be read, or has none.
        """
        clock = clock or asyncio.get_running_loop().time
        self._options = options
        self._rules = rules
        self._secrets = self._read()
        self.proxies = Proxies(options.http_trust_proxy)
        self.logins = Logins(clock)
        self.when_reloading: list[Callable[[], None]] = []
        # What goes on for whoever has shown the token of all of HTTP.
        self._open_by_token: WeakSet[Endable] = WeakSet()
        self._attempts = Attempts(clock)
        self._checker = Checker()
        # The hash of a password that nobody has: unknown names take as long to refuse.
        self._nobody = hash_of("") if self._secrets.accounts else ""

    def _read(self) -> _Secrets:
        options = self._options
        accounts: Mapping[str, Account] = {}
        if options.http_password_file:
            accounts = read_passwords(options.http_password_file)
            for each in accounts.values():
                if not self._rules().knows_role(each.role.encode()):
                    raise OptionError(
                        f"{options.http_password_file}: {each.name} has the role"
                        f" {each.role!r}: use view, operate, administer, or a principal"
                        " of [access]"
                    )
        return _Secrets(read_token(options.http_token_file), accounts)

    def reload(self) -> None:
        """Read the files anew; wrong ones are logged and change nothing.

        The rules of access were read before. What a page shows is made for all who may
        see the same, which may be others now: streams of pages end, and browsers ask
        for them again.
        """
        try:
            self._follow(self._read())
        except GeartrainError as error:
            _log.error(
                "who may use HTTP is as it was: %s",
                error,
                extra={"action": "http_access_not_reloaded"},
            )
        for reload in self.when_reloading:
            reload()

    def _follow(self, secrets: _Secrets) -> None:
        """Let in whom the files name now, and end what goes on for others."""
        is_same_token = secrets.token == self._secrets.token
        self._secrets = secrets
        self._nobody = self._nobody or hash_of("")
        self.logins.follow(secrets.accounts)
        for each in () if is_same_token else list(self._open_by_token):
            each.close()

    @property
    def is_closed(self) -> bool:
        """Tell whether a request has to prove who it is from."""
        options = self._options
        return bool(
            self._secrets.token
            or options.http_password_file
            or options.http_trust_proxy
            or not self._rules().is_empty()
        )

    @property
    def has_passwords(self) -> bool:
        """Tell whether people can log in here."""
        return bool(self._options.http_password_file)

    def visitor(self, request: HTTPConnection, peer: Identity) -> Visitor:
        """Return who a request is from, who may have no rights.

        Raises:
            ProblemError: it has a token that is unknown.
        """
        identity = self.proxies.client(request, peer)
        found = self._by_token(request, identity) or self._by_login(request, identity)
        if found is None:
            found = self._by_proxy(request, peer, identity)
        return found or Visitor(identity, self._access(identity))

    def check(self, visitor: Visitor, *, is_known: bool) -> None:
        """Refuse somebody who may do nothing.

        Raises:
            ProblemError: so it is; ``is_known`` says whether logging in would help.
        """
        if not self.is_closed or visitor.identity.is_over_all:
            return
        is_unproved = not is_known and self._rules().is_empty()
        if visitor.is_allowed_anything() and not is_unproved:
            return
        if is_known:
            raise ProblemError(
                "not-allowed",
                f"{visitor.name or 'this token'} may do nothing here: a principal of"
                " [access] has to say what",
            )
        raise ProblemError(
            "unauthorized",
            "log in, or send a token: Authorization: Bearer TOKEN"
            if self.has_passwords
            else "send the token of --http-token-file, or of a principal of [access]:"
            " Authorization: Bearer TOKEN",
            headers=_ASK_FOR_TOKEN,
        )

    def lets_in(self, visitor: Visitor) -> bool:
        """Tell whether somebody may see more than what is open to all."""
        try:
            self.check(visitor, is_known=self.is_known(visitor))
        except ProblemError:
            return False
        return True

    def is_known(self, visitor: Visitor) -> bool:
        """Tell whether somebody has shown who it is, beside where it comes from."""
        identity = visitor.identity
        return bool(identity.is_over_all or identity.token or identity.login)

    def _access(self, identity: Identity) -> Access | None:
        return self._rules().find(identity)

    def _by_token(self, request: HTTPConnection, identity: Identity) -> Visitor | None:
        text = request.headers.get("authorization")
        if text is None:
            return None
        scheme, _, given = text.partition(" ")
        token = given.strip().encode("latin-1")
        own = self._secrets.token
        if scheme.lower() == "bearer" and own and hmac.compare_digest(token, own):
            identity.is_over_all = True
            return Visitor(identity, None, open_streams=self._open_by_token)
        digest = digest_of(token)
        if scheme.lower() != "bearer" or not self._rules().knows_token(digest):
            if not self.is_closed:
                return None
            raise ProblemError(
                "unauthorized",
                "this token is unknown here: send Authorization: Bearer TOKEN",
                headers=_ASK_FOR_TOKEN,
            )
        identity.token = digest
        return Visitor(identity, self._access(identity))

    def _by_login(self, request: HTTPConnection, identity: Identity) -> Visitor | None:
        login = self.login(request)
        if login is None:
            return None
        identity.login = login.account.name.encode()
        identity.role = login.account.role.encode()
        return Visitor(identity, self._access(identity), login)

    def login(self, request: HTTPConnection) -> Login | None:
        """Return the login that a request belongs to; None if it belongs to none."""
        secret = self.secret(request)
        return self.logins.find(secret) if secret else None

    def secret(self, request: HTTPConnection) -> str:
        """Return the secret in the cookie of a request; empty if there is none."""
        return request.cookies.get(self.cookie(request), "")

    def cookie(self, request: HTTPConnection) -> str:
        """Return what the cookie of a login is called.

        Over TLS no other host, and no page that came without TLS, can set it. Browsers
        do not tell ports apart: with one name for all, who logs in at a second job
        server of a machine would be logged out of the first. So the name has the port
        by which the browser came, and the prefix, which a trusted proxy may say.
        """
        port = request.headers.get("host", "").rpartition(":")[2]
        parts = [_COOKIE] + [port] * port.isdecimal()
        name = "-".join(parts) + quote(prefix_of(request), safe="")
        return _SECURE + name if self.is_secure(request) else name

    def set_cookie(
        self, request: HTTPConnection, response: Response, secret: str
    ) -> None:
        """Have a browser show the secret of a login from now on.

        The login that it showed before ends: nobody could log out of it any more.
        """
        self.logins.end(self.secret(request))
        response.set_cookie(
            self.cookie(request),
            secret,
            path="/",
            secure=self.is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def drop_cookie(self, request: HTTPConnection, response: Response) -> None:
        """Have a browser forget the secret of a login."""
        response.delete_cookie(
            self.cookie(request),
            path="/",
            secure=self.is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def is_secure(self, request: HTTPConnection) -> bool:
        """Tell whether a request came by TLS, to here or to a trusted proxy."""
        if request.url.scheme == "https":
            return True
        peer: Identity = request.scope["state"]["connection"].identity
        told = request.headers.get("x-forwarded-proto", "")
        return told == "https" and self.proxies.is_trusted(peer.address)

    def _by_proxy(
        self, request: HTTPConnection, peer: Identity, identity: Identity
    ) -> Visitor | None:
        options = self._options
        name = self.proxies.user(request, peer, options.http_user_header)
        if not name:
            return None
        identity.login = name.encode("latin-1")
        rules = self._rules()
        access = None if rules.is_empty() else rules.find(identity)
        if access is None or not access.knows_anything():
            # No rule knows the name.
            identity.role = options.http_proxy_role.encode()
            access = rules.find(identity)
        return Visitor(identity, access)

    async def log_in(self, name: str, password: str, address: str) -> str:
        """Let somebody in; return the secret for the cookie.

        Raises:
            ProblemError: the name or the password is wrong, or there were too many
                attempts.
        """
        if not self.has_passwords:
            raise ProblemError(
                "not-allowed",
                "nobody can log in here: start the server with --http-password-file",
            )
        self._check_pace(address)
        account = self._secrets.accounts.get(name)
        # It counts until it turns out to be right: many at once must not all pass.
        self._attempts.note(address)
        is_right = await self._checker.is_password(
            password, account.hash if account else self._nobody
        )
        known = self._secrets.accounts.get(name)
        if account is None or not is_right or known != account:
            _log.warning(
                "%s could not log in from %s: the name or the password is wrong",
                ascii(name[:100]),
                address,
                extra={"action": "login_refused"},
            )
            raise ProblemError("unauthorized", "the name or the password is wrong")
        self._attempts.forgive(address)
        _log.info(
            "%s logged in from %s (%s)",
            name,
            address,
            account.role,
            extra={"action": "logged_in"},
        )
        return self.logins.begin(account)

    def _check_pace(self, address: str) -> None:
        seconds = self._attempts.wait(address)
        if seconds or self._checker.is_full():
            again = max(1, int(seconds + 0.999))
            raise ProblemError(
                "too-many-logins",
                f"there were too many attempts to log in: try again in {again} seconds",
                headers={"Retry-After": str(again)},
            )

    def log_out(self, request: HTTPConnection) -> None:
        """End the login that a request belongs to, if it does."""
        login = self.login(request)
        if login is not None:
            self.logins.end(self.secret(request))
            _log.info(
                "%s logged out", login.account.name, extra={"action": "logged_out"}
            )


def read_token(path: str) -> bytes:
    """Return the token in a file; empty where no file is named.

    Raises:
        StartError: the file cannot be read, or has no token.
    """
    if not path:
        return b""
    try:
        token = Path(path).read_bytes().strip()
    except OSError as error:
        raise StartError(f"cannot read the token in {path}: {error.strerror}") from None
    if len(token) < _LEAST_TOKEN or len(token.split()) != 1 or not token.isascii():
        raise StartError(
            f"{path} has to hold one token of {_LEAST_TOKEN} ASCII characters or more:"
            " make one by head -c 24 /dev/urandom | base64"
        )
    return token
