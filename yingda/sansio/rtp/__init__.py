"""RTP for telephone audio: packets, G.711, jitter buffers of all legs at once, key presses. No I/O, no
clock."""
