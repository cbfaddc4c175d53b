"""The recurrent forecaster: arrays in, arrays out. The only folder that knows torch."""
