"""Amazon SNS: webhook and its proof."""
