"""The browsers in which somebody is logged in: sessions, devices, the visitor of a request."""
