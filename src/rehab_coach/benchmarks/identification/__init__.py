"""How well people are told apart, by which method, in which protocol: the tables of docs/identification.md."""
