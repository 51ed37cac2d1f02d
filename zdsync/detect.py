"""Detectors for payment cards, IBANs, e-mail addresses and phone numbers, and the masking of what they find."""
