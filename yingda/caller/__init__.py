"""Test caller: an independent telephone that plays a scene against the bot and judges what comes back.

It shares the SIP core with the gateway and nothing else: media loop, codec and measurements are its own.
Run ``python -m yingda.caller --scene tests/scenes/demo.yml --sip 127.0.0.1:5060``; see docs/scenes.md.
"""
