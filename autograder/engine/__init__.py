"""How code nobody trusts is called: values that may cross, transports, running, scoring, reports."""
