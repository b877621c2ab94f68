"""A federation on one machine to look at and to test against: a city, two counties, two departments' sites.

Everything in it is made through the same functions that operators use. People, companies and licences are invented.
"""
