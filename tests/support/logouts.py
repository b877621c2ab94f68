"""A department that listens for logouts, and somebody who was told to it."""

from __future__ import annotations

from dataclasses import dataclass

from idp.browsers import sessions
from idp.browsers.sessions import Device
from idp.logout import ending
from idp.ports import IdpDeps
from idp.records import Account, LogoutDelivery, Session
from tests.support.idp_elsewhere import Published

LISTENS = "https://scjg.example.cn/logged-out"


@dataclass
class Department:
    """What a department's system answers, and what it was sent."""

    deps: IdpDeps
    uri: str = LISTENS

    @property
    def published(self) -> Published:
        assert isinstance(self.deps.fetch, Published)
        return self.deps.fetch

    def answers(self, status: int) -> None:
        """Answer so from now on; 0 is not at all."""
        self.published.answers[self.uri] = status

    @property
    def tokens(self) -> list[str]:
        return [form["logout_token"] for url, form in self.published.posted if url == self.uri]


@dataclass
class Scene:
    """Somebody who can be logged in and told to departments; logging out is carried out without anybody being told of it yet."""

    deps: IdpDeps
    account: Account

    @property
    def department(self) -> Department:
        """The one that listens."""
        return Department(self.deps)

    def log_in(self, *clients: str) -> Session:
        with self.deps.work.begin() as work:
            session = sessions.start(work, self.deps, self.account.id, ("pwd",), Device()).session
            for client in clients:
                work.records.tell_client(session.id, client, self.deps.clock.now())
        return session

    def log_out(self, session: Session) -> None:
        sessions.end(self.deps, session, actor="account:x")

    def log_out_and_tell(self, session: Session) -> None:
        ending.end(self.deps, session, actor="account:x")

    def deliveries(self, session: Session) -> list[LogoutDelivery]:
        with self.deps.work.read() as work:
            return list(work.records.logouts_of_session(session.id))

    def delivery(self, session: Session) -> LogoutDelivery:
        (only,) = self.deliveries(session)
        return only
