"""How much Slack takes of each thing; every number with where Slack says so (below docs.slack.dev)."""

SECTION_TEXT_MAX = 3_000  # characters; reference/block-kit/blocks/section-block
SECTION_FIELDS_MAX = 10  # reference/block-kit/blocks/section-block
FIELD_TEXT_MAX = 2_000  # characters; reference/block-kit/blocks/section-block
HEADER_TEXT_MAX = 150  # characters; reference/block-kit/blocks/header-block
CONTEXT_ELEMENTS_MAX = 10  # reference/block-kit/blocks/context-block
CONTEXT_TEXT_MAX = 2_000  # characters; a text object takes 3,000, a grey line that long is read by nobody
ACTIONS_ELEMENTS_MAX = 25  # reference/block-kit/blocks/actions-block
ACTION_ID_MAX = 255  # characters; reference/block-kit/blocks
BUTTON_TEXT_MAX = 75  # characters; reference/block-kit/block-elements/button-element
BUTTON_VALUE_MAX = 2_000  # characters; reference/block-kit/block-elements/button-element
URL_MAX = 3_000  # characters; button and image alike
ALT_TEXT_MAX = 2_000  # characters; reference/block-kit/blocks/image-block
CONFIRM_TITLE_MAX = 100  # characters; reference/block-kit/composition-objects/confirmation-dialog-object
CONFIRM_TEXT_MAX = 300  # characters; the same page
CONFIRM_BUTTON_MAX = 30  # characters; the same page
CODE_TEXT_MAX = 3_000  # characters; no limit is published for preformatted text, a section's serves
MESSAGE_BLOCKS_MAX = 50  # reference/block-kit/blocks
VIEW_BLOCKS_MAX = 100  # modals and Home tabs; reference/block-kit/blocks
MESSAGE_TEXT_MAX = 4_000  # characters; chat.update refuses more (msg_too_long), so an edit must not pass it either
