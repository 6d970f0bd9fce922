"""The weekly simulation once more, slow and obvious: one path, lists and dicts, written from method §3 and §5 alone."""

import math


def accepted(quantity, *, position, sku):
    """What is ordered for a wished quantity: whole packs, at least the minimum, at most the maximum, within the warehouse."""
    if quantity <= 0:
        return 0
    moq, pack = sku["moq"], sku["pack"]
    order = math.ceil(max(quantity, moq) / pack) * pack
    while order > sku["maximum"] or position + order > sku["storage"]:
        order -= pack
    return order if order >= moq else 0


def wished(policy, theta, *, epoch, review_period, on_hand, on_order):
    """What the policy wants to order before week `epoch`."""
    at_review, position = epoch % review_period == 0, on_hand + on_order
    if policy == "look_ahead" and epoch == 0:
        return theta["Q0"]
    if policy.startswith("extended"):
        return wished_by_extended(policy, theta, epoch=epoch, at_review=at_review, on_hand=on_hand, on_order=on_order)
    by_review = {
        "order_nothing": 0,
        "base_stock": max(theta["S"] - position, 0),
        "reorder_up_to": max(theta["S"] - position, 0) if position <= theta["s"] else 0,
        "replay": theta["recorded"][epoch],
        "look_ahead": max(theta["levels"][theta["row"]][epoch] - position, 0),
    }
    return by_review[policy] if at_review else 0


def wished_by_extended(policy, theta, *, epoch, at_review, on_hand, on_order):
    """(R, s, Q) with a kick-start."""
    if epoch == theta["t0"]:
        return theta["Q0"]
    if not at_review or epoch < theta["t0"] or epoch > theta["t_limit"]:
        return 0
    if policy == "extended_position":
        return theta["Q"] if on_hand + on_order <= theta["s"] else 0
    return theta["Q"] if on_hand <= theta["s"] and on_order == 0 else 0


def simulate_path(policy, theta, *, demand, lead_times, inbound, return_offset, sku):
    """One path.

    `inbound` is what arrives in each week of shipments in transit at the start. `sku` keys: on_hand, in_transit (all of it, also what arrives
    beyond the horizon), returns_due (by week), return_rate, return_lag_weights (by lag 0, 1, …), review_period, moq, pack, maximum, storage,
    share, first_epoch (nothing is ordered before it).

    Returns a list of one dict of flows per week.
    """
    on_hand, in_transit = sku["on_hand"], [*enumerate(inbound), (math.inf, sku["in_transit"] - sum(inbound))]
    sold_before, returned_before, expected = [], 0, 0.0
    weeks = []
    for week, d in enumerate(demand):
        on_order = sum(units for _, units in in_transit)
        want = wished(policy, theta, epoch=week, review_period=sku["review_period"], on_hand=on_hand, on_order=on_order)
        want = 0 if week < sku["first_epoch"] else want
        ordered = accepted(want, position=on_hand + on_order, sku=sku)
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
