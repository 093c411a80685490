"""Joint angles as OpenSim knows them: coordinates, files (.mot, .trc), and how far two motions are apart."""
