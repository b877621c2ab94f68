"""Device authorization (RFC 8628): a kiosk shows a code, and somebody with a phone logs in and decides there."""
