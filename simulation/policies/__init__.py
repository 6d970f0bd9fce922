"""Replenishment policies: one file each, all behind `protocol.Policy`."""
