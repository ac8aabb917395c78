"""Made-up data: a fictitious commune to try the handbook on, a province to measure it by."""

from handbook.demo.accounts import ACCOUNTS, PASSWORD, Account, told
from handbook.demo.commune import commune, is_empty
from handbook.demo.province import province

__all__ = ["ACCOUNTS", "PASSWORD", "Account", "commune", "is_empty", "province", "told"]
