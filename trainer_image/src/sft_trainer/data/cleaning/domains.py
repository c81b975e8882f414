"""The ends of domain names that the internet has. `model@self.weight` and `vue@next.js` are no addresses."""

from __future__ import annotations

_GENERIC = frozenset(
    """com net org edu gov mil int arpa info biz name pro mobi asia coop museum aero jobs travel tel post cat
    xyz top site online club shop store vip wang ltd group app dev page tech ink fun icu live work works email cloud art wiki
    blog news press team life world space website today link click studio design agency digital company global network
    solutions systems academy center zone media software health care bank law support services education school university
    institute foundation community social market money finance capital fund games game video music photo photos pics fit
    expert guru host hosting domains directory city town land house homes property estate restaurant cafe bar pub pizza wine
    beer coffee kitchen fashion style beauty hair salon clinic dental doctor dentist pharmacy hospital legal lawyer attorney
    engineering energy solar green eco bio farm garden flowers pet dog auto cars car bike taxi tours vacations holiday hotel
    events party wedding dating love family baby kids toys gift gifts sale deals bid auction trade trading exchange markets
    insurance credit loan loans mortgage tax accountant consulting management marketing partners ventures holdings enterprises
    industries international technology science training courses degree mba phd review reviews report reports guide tips how
    one win men ren red blue black pink kim run date racing download stream cam webcam chat
    berlin london paris tokyo nyc amsterdam wien hamburg koeln sydney boston vegas miami africa quebec scot wales irish
    google microsoft apple amazon youtube gmail bmw audi sony canon toyota""".split()  # noqa: SIM905 - a word list reads better so
)
"""The generic ones in use; IANA has a thousand more, of firms, that hardly anyone writes from."""
_COUNTRIES = frozenset(
    """ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca cc cd cf
    cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh
    gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw
    ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni
    nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so
    sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt
    za zm zw""".split()  # noqa: SIM905 - a word list reads better so
)


def is_top_level_domain(name: str) -> bool:
    """Whether names end so."""
    lowered = name.lower()
    return lowered in _COUNTRIES or lowered in _GENERIC
