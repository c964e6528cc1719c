"""A shop whose jobs are done by Python and PHP: what screenshots are made of.

``python -m tests.support.demo`` runs it until it is stopped.
"""
