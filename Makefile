# Every command of the project. Each does its own set-up; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test unit requirements figure scene talk transcribe speak models modelscope-env check-dialogue knowledge learn outbox publish train assistant reload parse format lock envs clean train-env train-student train-lexicon train-asr train-tts train-vocoder

# any Python 3.8+ can make the environments; python3 may be missing where pyenv's is not active
PYTHON := $(shell for p in python3 python3.11 python3.10 /usr/bin/python3 $(HOME)/.pyenv/versions/3.1*/bin/python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 && echo $$p && break; done)
VOICE_PYTHON := .venv/voice/bin/python
RASA := .venv/rasa/bin/python

envs: ## make the two Python environments, or find them made
ifeq ($(PYTHON),)
	@echo "No Python 3.8 or later was found. Install Python 3.10 and 3.11 (apt-get install python3, or pyenv)." >&2; exit 2
else
	@$(PYTHON) scripts/env.py voice rasa
endif

run: envs ## start everything, place a call to itself, stay up (CALL=once: end with the call's status; CALL=none)
	@exec $(VOICE_PYTHON) -m scripts.run

test: envs ## lint, types, import rules, unit and integration tests, Rasa's checks, one whole call
	@exec $(VOICE_PYTHON) -m scripts.test

unit: envs ## unit tests only, in seconds
	@exec $(VOICE_PYTHON) -m scripts.test unit

requirements: envs ## the table of requirements, the tests that show each, and whether they passed last
	@$(VOICE_PYTHON) -m scripts.requirements

figure: envs ## measure and print one figure: make figure NAME=one_call
	@exec $(VOICE_PYTHON) -m scripts.figure "$(NAME)"

scene: envs ## play one scene against the running system, and why it answered so: make scene NAME=demo
	@exec $(VOICE_PYTHON) -m yingda.caller --why --scene tests/scenes/$(NAME).yml

talk: export override NUMBER := $(value NUMBER)
talk: export override CAMPAIGN := $(value CAMPAIGN)
talk: export override DIRECTION := $(value DIRECTION)
talk: export override PROFILE := $(value PROFILE)
talk: envs ## type to the assistant; shows what it understood and why: make talk NUMBER=13800138000 CAMPAIGN=x
	@exec $(VOICE_PYTHON) -m scripts.talk --number "$$NUMBER" --campaign "$$CAMPAIGN" --direction "$$DIRECTION" \
		--profile "$$PROFILE"

# what these two are told reaches the shell in the environment where it may hold quotes, as SSML does, and as it
# was typed: make would take the $1 of a price for a variable
transcribe: export override HOTWORDS := $(value HOTWORDS)
speak: export override TEXT := $(value TEXT)
speak: export override OUT := $(value OUT)
transcribe: envs ## what the recogniser hears: make transcribe FILES="a.wav b.opus dir/ @list.txt" (HOTWORDS="余额 账单")
	@exec $(VOICE_PYTHON) -m yingda.speech.transcribe --hotwords "$$HOTWORDS" -- $(FILES)

speak: envs ## what the voice says, as a WAV file: make speak TEXT="您好" OUT=out.wav (VOICE=female_1 RATE=1.2 PITCH=-1)
	@exec $(VOICE_PYTHON) -m yingda.speech.speak --out "$$OUT" --voice "$$VOICE" --rate "$${RATE:-1.0}" \
		--pitch="$${PITCH:-0}" -- "$$TEXT"

models: envs ## published speech models: the list; NAME=nemotron shows licence and size, asks, downloads (YES=1)
	@exec $(VOICE_PYTHON) -m scripts.models $(NAME) $(if $(filter 1 y yes,$(YES)),--yes)

modelscope-env: ## make the environment of ModelScope's models (SAMBERT=1: for SAM-BERT; docs/models.md)
	@$(PYTHON) scripts/env.py modelscope $(if $(SAMBERT),--python 3.10)

check-dialogue: envs ## mistakes in domain.yml, data/, tests/conversations, in a second (ALL=1: Rasa's check too)
	@$(VOICE_PYTHON) -m scripts.check_dialogue $(if $(ALL),--rasa)

train assistant: envs ## train if data changed; says what changed and how long it takes (CONFIG=config/ted.yml: an alternative, to compare)
	@$(VOICE_PYTHON) -m scripts.assistant --config "$(or $(CONFIG),config.yml)"

reload: envs ## train what was edited and let the running system take it up, calls in progress too
	@exec $(VOICE_PYTHON) -m scripts.reload

parse: envs ## what the assistant understands of a file's lines: make parse FILE=lines.tsv
	@exec $(VOICE_PYTHON) -m scripts.parse "$(abspath $(FILE))"

knowledge: envs ## mistakes in knowledge/, articles that expire and whose they are (DAY=2027-06-01: as on that day)
	@exec $(VOICE_PYTHON) -m scripts.check_knowledge $(DAY)

learn: envs ## patches from what callers asked and the assistant did not manage (SHOW=1, DISMISS=var/learn/x.patch)
	@exec $(RASA) -m scripts.learn $(if $(SHOW),--show) $(if $(DISMISS),--dismiss "$(DISMISS)")

outbox: envs ## what waits to be written to the CRM and what it refused (RETRY=1: try what was refused again)
	@exec $(RASA) -m scripts.outbox $(if $(RETRY),--retry)

publish: envs ## check a patch on a clean copy, train, test, and commit it if all holds: make publish PATCH=var/learn/x.patch
	@exec $(VOICE_PYTHON) -m scripts.publish "$(PATCH)"

MINUTES := 120
TRAINING := .venv/training/bin/python -m training
train-env:
	@$(PYTHON) scripts/env.py training

train-student: train-env ## fit the cheap voice that speaks training text, by the teacher's example
	@$(TRAINING).student pairs --seconds 540
	@$(TRAINING).student fit --minutes 5

train-lexicon: train-env ## build the recogniser's lexicon and language model (a minute)
	@exec $(TRAINING).lexicon

train-asr: train-env ## the recogniser from nothing, MINUTES=120 of training; started again after a kill it goes on
	@exec $(TRAINING).recipe recogniser --minutes $(MINUTES)

train-tts: train-env ## the bot's voices from nothing, the same way
	@exec $(TRAINING).recipe voice --minutes $(MINUTES)

train-vocoder: train-env ## the vocoder from nothing, the same way
	@exec $(TRAINING).recipe vocoder --minutes $(MINUTES)

format: envs ## format the code
	@$(VOICE_PYTHON) -m ruff format . && $(VOICE_PYTHON) -m ruff check --fix .

lock: ## write envs/*.txt anew from envs/*.in
	@$(PYTHON) scripts/env.py --lock

clean: ## delete what can be made again: caches, trained assistants, embedded stores' data
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .rasa models/assistant-*.tar.gz var/training models/*/assistant-*.tar.gz var/mongo var/redis var/log

help: ## this list
	@sed -n 's/^\([a-z%-]*\)[^:#]*:[^#]*## /  make \1\t/p' Makefile | expand -t 24
