"""E-mail by SMTP: over TLS with the server's certificate verified, unless the server is on this machine.

Left to others: what is written and to whom (the operations), when it is tried again (they are told that it failed).
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from idp.errors import MESSAGE_UNDELIVERED
from kernel.errors import Refusal

_SECONDS = 10.0
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SmtpMessenger:
    """A ``Messenger`` on an SMTP server. ``ca_file`` vouches for its certificate; without one the system's CAs do."""

    host: str
    port: int
    sender: str
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def send(self, address: str, subject: str, text: str) -> None:
        """Hand the message to the server; ``Refusal(message_undelivered)`` when it does not take it."""
        try:
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = self.sender, address, subject
            message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
            message.set_content(text)
            with self._connect() as server:
                if self.username is not None and self.password is not None:
                    server.login(self.username, self.password)
                server.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise Refusal(MESSAGE_UNDELIVERED) from error

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "none":
            if self.host not in _THIS_MACHINE:
                raise ValueError(self.host)
            return smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.tls == "implicit":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server
