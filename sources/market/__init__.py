"""The synthetic market: merchants whose articles have a known demand, sold from a real stock that people replenish.

Customers ask (`truth/weekly_demand`), a stock process decides what is sold, and only what a merchant could have
recorded is in the contract tables. `docs/explanation/synthetic_market.md` explains the mechanisms. Reading order:
`profiles` → `merchants` → `assortment` → `demand` → `people` → `kernels/stock` → `events` → `build`; `faults` are what can be made to go wrong in it.
"""

from sources.market.build import DEMO_LAST_DAY, build_market
from sources.market.faults import Fault, read_faults
from sources.market.profiles import PROFILES, Profile
from sources.market.service import HumanService, human_service
from sources.market.writing import write_market

__all__ = ["DEMO_LAST_DAY", "PROFILES", "Fault", "HumanService", "Profile", "build_market", "human_service", "read_faults", "write_market"]
