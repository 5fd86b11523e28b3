"""
Templates as HTML that looks like the message on the phone: bubbles, galleries and plan reports.

``formatting`` and ``bubble`` render a plain ``Message`` and import neither specs nor the API; ``sources``
makes a message of a spec or of a live template; ``gallery`` and ``report`` make whole self-contained pages.
No module imports Airflow, and no operator imports this package.
"""
