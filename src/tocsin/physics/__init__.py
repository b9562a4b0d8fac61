"""Shared mathematics: functions over arrays."""
