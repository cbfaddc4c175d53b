"""Physiological waveforms, a module for each family of formats."""
