"""Departments' systems fetch people's licences (证照调取): for a stated purpose, by law or with the holder's consent, on record for the holder."""
