"""The weekly simulation once more, slow and obvious: one path, lists and dicts, written from method §3 and §5 alone."""

import math


def accepted(quantity, *, moq, pack):
    """What the supplier delivers for a wished quantity."""
    if quantity <= 0:
        return 0
    return math.ceil(max(quantity, moq) / pack) * pack


def wished(policy, theta, *, epoch, review_period, on_hand, on_order):
    """What the policy wants to order before week `epoch`."""
    at_review = epoch % review_period == 0
    if policy == "order_nothing":
        return 0
    if policy == "base_stock":
        return max(theta["S"] - on_hand - on_order, 0) if at_review else 0
    if epoch == theta["t0"]:
        return theta["Q0"]
    if not at_review or epoch < theta["t0"] or epoch > theta["t_limit"]:
        return 0
    if policy == "extended_position":
        return theta["Q"] if on_hand + on_order <= theta["s"] else 0
    return theta["Q"] if on_hand <= theta["s"] and on_order == 0 else 0


def simulate_path(policy, theta, *, demand, lead_times, return_offset, sku):
    """One path.

    `sku` keys: on_hand, inbound, returns_due (by week), return_rate, return_lag_weights (by lag 0, 1, …),
    review_period, moq, pack, share, first_epoch (nothing is ordered before it).

    Returns a list of one dict of flows per week.
    """
    on_hand, in_transit = sku["on_hand"], [(week, units) for week, units in enumerate(sku["inbound"])]
    sold_before, returned_before, expected = [], 0, 0.0
    weeks = []
    for week, d in enumerate(demand):
        on_order = sum(units for _, units in in_transit)
        want = wished(policy, theta, epoch=week, review_period=sku["review_period"], on_hand=on_hand, on_order=on_order)
        want = 0 if week < sku["first_epoch"] else want
        ordered = accepted(want, moq=sku["moq"], pack=sku["pack"])
        if ordered:
            in_transit.append((week + lead_times[week], ordered))

        arrivals = sum(units for due, units in in_transit if due == week)
        in_transit = [(due, units) for due, units in in_transit if due != week]

        expected += sku["returns_due"][week]
        for lag in range(1, week + 1):
            expected += weight_of(lag, sku) * sold_before[week - lag]
        returned = math.floor(expected + return_offset) - returned_before
        returned_before += returned

        before_demand = math.floor(sku["share"] * (arrivals + returned) + 0.5)
        on_hand += before_demand
        sold = min(on_hand, d)
        on_hand += arrivals + returned - before_demand - sold
        sold_before.append(sold)
        weeks.append({"ordered": ordered, "received": arrivals, "returned": returned, "demand": d, "sold": sold, "lost": d - sold, "end": on_hand})
    return weeks


def weight_of(lag, sku):
    """Share of a unit sold that is expected back `lag` weeks later; lag 0 counts as lag 1."""
    shares = dict(enumerate(sku["return_lag_weights"]))
    share = shares.get(lag, 0.0) + (shares.get(0, 0.0) if lag == 1 else 0.0)
    return sku["return_rate"] * share


def path_cost(weeks, *, rates, discount):
    """Cost of a path by term: rate × Σ γ^week × units."""
    units = dict.fromkeys(rates, 0.0)
    for j, week in enumerate(weeks):
        weight = discount**j
        units["holding"] += weight * week["end"]
        units["inbound"] += weight * week["ordered"]
        units["outbound"] += weight * week["sold"]
        units["returns"] += weight * week["returned"]
        units["lost_sales"] += weight * week["lost"]
        units["fixed_order"] += weight * (week["ordered"] > 0)
    units["overstock"] = discount ** (len(weeks) - 1) * weeks[-1]["end"]
    return {term: rates[term] * units[term] for term in rates}
