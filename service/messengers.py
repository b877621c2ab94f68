"""The ways to people that the configuration names: e-mail by SMTP, SMS by a gateway. One that it does not name is not offered."""

from __future__ import annotations

from crosscert.addresses import is_on_this_machine
from crosscert.http import RequestsFetcher
from idp.connectors.sms import SmsMessenger
from idp.connectors.smtp import SmtpMessenger
from idp.ports import Messenger
from idp.records import Channel
from service.config import Config


def make_messengers(config: Config) -> dict[Channel, Messenger]:
    """Return what carries messages; ``Misuse`` when the gateway's address or a secret's file will not do."""
    made: dict[Channel, Messenger] = {}
    mail, sms = config.settings.mail, config.settings.sms
    if mail is not None:
        password = None if mail.password_file is None else config.secret("mail.password_file", mail.password_file)
        ca_file = None if mail.ca_file is None else config.directory / mail.ca_file
        made["email"] = SmtpMessenger(mail.host, mail.port, mail.sender, mail.tls, mail.username, password, ca_file)
    if sms is not None:
        url = config.service_url("sms.url", sms.url)
        fetch = RequestsFetcher(outward=not is_on_this_machine(url))
        made["phone"] = SmsMessenger(fetch, url, config.secret("sms.key_file", sms.key_file))
    return made
