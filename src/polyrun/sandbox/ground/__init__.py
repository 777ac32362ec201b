"""Where hostile programs of ours meet no defence: a host that is made to be thrown away, and what they look for."""
