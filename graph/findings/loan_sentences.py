"""What is said about a loan's money, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph.findings.figures import count_en, money, percent
from graph.findings.loan_money import HOME_PLACES

_TO = {
    "owner": ("accounts of the borrower's owners", "借款方所有者的账户"),
    "borrower": ("the borrower again, by way of others", "借款方自身（经他人账户回流）"),
    "guarantors": ("accounts of its guarantors", "担保人的账户"),
    "buyers": ("buyers who order in the borrower's shop", "在借款方店铺下单的买家"),
    "group_loans": ("repayments of other loans of the group", "关联方其他贷款的还款"),
}
_REST = {
    "repaid": ("went into repayments", "用于还款"),
    "left": ("left to others", "流向其他账户"),
    "rest": ("is still there", "仍在账户中"),
}


@dataclass(frozen=True)
class WhereItWent:
    """What a sentence is about: amounts by place (graph.findings.loan_money.PLACES) that add up to ``amount``.

    ``parts``: into how many disbursements the loan was paid out; ``over_loan``: the amounts are of all of them together
    (and ``loan_amount``, ``loan_home`` say the same otherwise). ``reordered``: what buyers then ordered of it.
    """

    amount: int
    currency: str
    places: Mapping[str, int]
    hops: int
    days: int
    parts: int
    loan_amount: int
    loan_home: int
    reordered: int = 0
    over_loan: bool = False

    def sentences(self) -> tuple[str, str]:
        """English and Chinese."""
        whole, cash = self.amount, money(self.amount, self.currency)
        one = self.parts > 1 and not self.over_loan
        of_en, of_zh = (
            (f"a disbursement of {cash}", f"一笔 {cash} 放款") if one else (f"the loan of {cash}", f"{cash} 贷款")
        )
        reached = sorted(((self.places[p], p) for p in HOME_PLACES if self.places[p] > 0), reverse=True)
        if reached:
            shares = [(percent(a / whole), *_TO[p]) for a, p in reached]
            within = "within a day" if self.days <= 1 else f"within {count_en(self.days, 'day')}"
            en = f"{shares[0][0]} of {of_en} reached {shares[0][1]}"
            zh = f"{of_zh}中 {shares[0][0]} 流向{shares[0][2]}"
            en += "".join(f", {p} {to}" for p, to, _ in shares[1:]) + f", {within} over {count_en(self.hops, 'hop')}"
            zh += "".join(f"，{p} 流向{to}" for p, _, to in shares[1:])
            zh += f"，{max(self.days, 1)} 天内经 {self.hops} 跳到账"
        else:
            en, zh = f"Nothing of {of_en} came home", f"{of_zh}中没有资金回流"
        if self.reordered > 0:
            en += f"; buyers then ordered for {percent(self.reordered / whole)} of it in the shop"
            zh += f"；买家随后在该店铺下单，金额相当于其中 {percent(self.reordered / whole)}"
        for place, (word_en, word_zh) in _REST.items():
            if self.places[place] > 0:
                en += f"; {percent(self.places[place] / whole)} {word_en}"
                zh += f"；{percent(self.places[place] / whole)} {word_zh}"
        if one:
            share = percent(self.loan_home / self.loan_amount)
            whole_loan = money(self.loan_amount, self.currency)
            en += f". Of the whole loan, {whole_loan} in {count_en(self.parts, 'disbursement')}, {share} came home"
            zh += f"。整笔贷款共 {whole_loan}，分 {self.parts} 笔发放，合计回流 {share}"
        elif self.over_loan and self.parts > 1:
            en += f". It was paid out in {count_en(self.parts, 'disbursement')}"
            zh += f"。该贷款分 {self.parts} 笔发放"
        return en + ".", zh + "。"
