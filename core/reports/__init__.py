"""Every table and figure of both reports: what was printed, what was found here, what is best here."""
