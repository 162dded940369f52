# Every command of the project. Each does its own set-up; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test unit requirements figure scene transcribe speak check-dialogue assistant format lock envs clean train-env train-speech train-student train-lexicon train-asr train-tts

# any Python 3.8+ can make the environments; python3 may be missing where pyenv's is not active
PYTHON := $(shell for p in python3 python3.11 python3.10 /usr/bin/python3 $(HOME)/.pyenv/versions/3.1*/bin/python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 && echo $$p && break; done)
VOICE := .venv/voice/bin/python
RASA := .venv/rasa/bin/python

envs: ## make the two Python environments, or find them made
ifeq ($(PYTHON),)
	@echo "No Python 3.8 or later was found. Install Python 3.10 and 3.11 (apt-get install python3, or pyenv)." >&2; exit 2
else
	@$(PYTHON) scripts/env.py voice rasa
endif

run: envs ## start everything, place a call to itself, stay up (CALL=once: end with the call's status; CALL=none)
	@exec $(VOICE) -m scripts.run

test: envs ## lint, types, import rules, unit and integration tests, Rasa's checks, one whole call
	@exec $(VOICE) -m scripts.test

unit: envs ## unit tests only, in seconds
	@exec $(VOICE) -m scripts.test unit

requirements: envs ## the table of requirements, the tests that show each, and whether they passed last
	@$(VOICE) -m scripts.requirements

figure: envs ## measure and print one figure: make figure NAME=one_call
	@exec $(VOICE) -m scripts.figure "$(NAME)"

scene: envs ## play one scene against the running system: make scene NAME=demo
	@exec $(VOICE) -m yingda.caller --scene tests/scenes/$(NAME).yml

# what these two are told reaches the shell in the environment where it may hold quotes, as SSML does
transcribe: envs ## what the recogniser hears: make transcribe FILES="a.wav b.opus dir/ @list.txt" (HOTWORDS="余额 账单")
	@exec $(VOICE) -m yingda.speech.transcribe --hotwords "$$HOTWORDS" -- $(FILES)

speak: envs ## what the voice says, as a WAV file: make speak TEXT="您好" OUT=out.wav (RATE=1.2 is faster)
	@exec $(VOICE) -m yingda.speech.speak --out "$$OUT" --rate "$${RATE:-1.0}" -- "$$TEXT"

check-dialogue: envs ## mistakes in domain.yml, data/ and tests/conversations, in a second
	@$(VOICE) -m scripts.check_dialogue

assistant: envs ## train the assistant if its data changed
	@$(VOICE) -m scripts.assistant

MINUTES := 120
TRAINING := .venv/training/bin/python -m training
train-env:
	@$(PYTHON) scripts/env.py training

train-speech: train-env ## speak the training manifest again (hours; see training/README.md)
	@exec $(TRAINING).make_speech rebuild --shard all

train-student: train-env ## fit the cheap voice that speaks training text, by the teacher's example
	@$(TRAINING).student pairs --seconds 540
	@$(TRAINING).student fit --minutes 5

train-lexicon: train-env ## build the recogniser's lexicon and language model (a minute)
	@exec $(TRAINING).lexicon

train-asr: train-env ## train the recogniser: MINUTES=120, RESUME=1 goes on from its checkpoint
	@exec $(TRAINING).train_asr --minutes $(MINUTES) $(if $(RESUME),--resume)

train-tts: train-env ## train the bot's voice: MINUTES=120, RESUME=1 goes on from its checkpoint
	@exec $(TRAINING).train_tts --minutes $(MINUTES) $(if $(RESUME),--resume)

format: envs ## format the code
	@$(VOICE) -m ruff format . && $(VOICE) -m ruff check --fix .

lock: ## write envs/*.txt anew from envs/*.in
	@$(PYTHON) scripts/env.py --lock

clean: ## delete what can be made again: caches, trained assistants, embedded stores' data
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .rasa models/assistant-*.tar.gz var/mongo var/redis var/log

help: ## this list
	@sed -n 's/^\([a-z%-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 24
