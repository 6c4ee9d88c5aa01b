"""Examples of help, refusals, and what is said when we failed."""

LOCK = {
    "usage": "/deploy lock <environment> [until <when>] [because <reason>]",
    "summary": "Let nothing into an environment for a while",
    "examples": ["/deploy lock production until Mon 09:00 because release freeze"],
}

CONTEXTS = {
    "help/command": {
        "name": "/deploy",
        "summary": "Bring a version to an environment",
        "verbs": [
            LOCK,
            {"usage": "/deploy last <environment>", "summary": "What is there now", "examples": []},
        ],
    },
    "help/everything": {
        "commands": [
            {"name": "/plan", "summary": "What we intend, and why"},
            {"name": "/deploy", "summary": "Bring a version to an environment"},
        ],
    },
    "help/everything#guest": {"commands": []},
    "help/verb": {
        **LOCK,
        "parameters": [
            {"name": "environment", "about": "what to lock", "choices": "", "optional": False},
            {"name": "when", "about": "when it opens again", "choices": "", "optional": True},
            {"name": "reason", "about": "text", "choices": "", "optional": True},
        ],
    },
    "refusals/refusal": {
        "sentence": "production is frozen until Mon 09:00 (release freeze, set by U0ANA). Ask for an override with "
        "“/deploy web v1.4.0 to production because …”, or take a place in the queue.",
        "usage": "",
        "help_with": "",
    },
    "refusals/refusal#not-understood": {
        "sentence": "I read “lokc” as no verb of /deploy. Did you mean lock?",
        "usage": "/deploy lock <environment> [until <when>] [because <reason>]",
        "help_with": "/deploy help",
    },
    "system/broken": {"reference": "4f2a"},
}
