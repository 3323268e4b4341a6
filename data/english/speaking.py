"""The demo's names in English: the same shop, the same story. Only names are translated; headers and kinds are a data
format and stay as the systems write them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from data.english.experiments import NAMES as OF_EXPERIMENTS
from data.english.people import NAMES as OF_PEOPLE

_LANGUAGE: ContextVar[str] = ContextVar("language of the demo's names", default="zh")

NAMES = {
    # community groups
    "战备群 · 华东": "Group East",
    "战备群 · 华南": "Group South",
    "战备群 · 老客": "Group of old customers",
    # categories and functions
    "彩妆": "Make-up",
    "护肤": "Skin care",
    "个护": "Personal care",
    "香氛": "Fragrance",
    "家居": "Home",
    "健康": "Wellness",
    "唇部": "Lips",
    "眼部": "Eyes",
    "底妆": "Complexion",
    "补水保湿": "Hydration",
    "抗初老": "First lines",
    "清洁": "Cleansing",
    "防晒": "Sun care",
    "洗护发": "Hair care",
    "身体护理": "Body care",
    "口腔": "Oral care",
    "香水": "Perfume",
    "家居香氛": "Home fragrance",
    "餐饮": "Table",
    "家纺": "Home textiles",
    "收纳": "Storage",
    "营养": "Nutrition",
    # products
    "丝绒雾面口红": "Velvet matte lipstick",
    "水光镜面唇釉": "Glass lip gloss",
    "护色唇膏": "Colour care balm",
    "九色眼影盘": "Nine-colour palette",
    "极细防水眼线笔": "Fine waterproof liner",
    "纤长睫毛膏": "Lengthening mascara",
    "持妆粉底液": "Lasting foundation",
    "柔雾气垫": "Soft matte cushion",
    "定妆蜜粉": "Setting powder",
    "玻尿酸补水面膜": "Hyaluronic mask",
    "神经酰胺保湿霜": "Ceramide cream",
    "积雪草爽肤水": "Centella toner",
    "双抗精华液": "Antioxidant serum",
    "胶原紧致眼霜": "Collagen eye cream",
    "视黄醇晚霜": "Retinol night cream",
    "氨基酸洁面乳": "Amino cleanser",
    "舒缓卸妆油": "Soothing cleansing oil",
    "净透卸妆膏": "Cleansing balm",
    "轻透防晒乳": "Light sun lotion",
    "防晒喷雾": "Sun spray",
    "控油蓬松洗发水": "Volume shampoo",
    "玫瑰修护发膜": "Rose hair mask",
    "免洗护发精油": "Leave-in hair oil",
    "烟酰胺身体乳": "Niacinamide body lotion",
    "樱花沐浴露": "Cherry blossom shower gel",
    "果酸磨砂膏": "Fruit acid scrub",
    "益生菌牙膏": "Probiotic toothpaste",
    "声波电动牙刷": "Sonic toothbrush",
    "便携漱口水": "Travel mouthwash",
    "山茶淡香水": "Camellia eau de toilette",
    "白茶中性香": "White tea cologne",
    "雪松木质香": "Cedar wood perfume",
    "无火香薰": "Reed diffuser",
    "大豆蜡香薰蜡烛": "Soy candle",
    "衣橱香包": "Wardrobe sachet",
    "手绘马克杯": "Hand-painted mug",
    "便携保温杯": "Travel flask",
    "釉下彩餐具": "Glazed tableware",
    "长绒棉毛巾": "Long-staple towel",
    "天丝四件套": "Lyocell bedding set",
    "法兰绒盖毯": "Flannel throw",
    "桌面化妆收纳盒": "Make-up organiser",
    "真空压缩袋": "Vacuum bag",
    "可折叠收纳箱": "Folding box",
    "胶原蛋白饮": "Collagen drink",
    "综合维生素软糖": "Vitamin gummies",
    "益生菌固体饮料": "Probiotic powder",
    "礼盒": "gift set",
    # specs
    "01 正红": "01 True red",
    "02 豆沙": "02 Dusty rose",
    "03 蜜桃": "03 Peach",
    "05 枫叶": "05 Maple",
    "07 烂番茄": "07 Tomato",
    "09 裸粉": "09 Nude pink",
    "大地色": "Earth",
    "玫瑰色": "Rose",
    "星河色": "Galaxy",
    "黑色": "Black",
    "棕色": "Brown",
    "象牙白": "Ivory",
    "自然色": "Natural",
    "暖杏色": "Warm apricot",
    "健康色": "Tan",
    "5 片装": "5 sheets",
    "10 片装": "10 sheets",
    "SPF50 旅行装": "SPF50 travel size",
    "两支装": "two-pack",
    "补充装": "refill",
    "薄荷": "Mint",
    "白桃": "White peach",
    "三支装": "three-pack",
    "白茶": "White tea",
    "乌木": "Ebony",
    "橙花": "Neroli",
    "海盐": "Sea salt",
    "米白": "Off-white",
    "雾蓝": "Mist blue",
    "樱粉": "Cherry pink",
    "四件套": "set of four",
    "浅灰": "Light grey",
    "奶油": "Cream",
    "豆绿": "Sage",
    "小号": "small",
    "中号": "medium",
    "大号": "large",
    "7 天装": "7 days",
    "14 天装": "14 days",
    "28 天装": "28 days",
    "两件": "two",
    # brands and suppliers
    "拾光": "Shiguang",
    "清漾": "Qingyang",
    "沐语": "Muyu",
    "山野集": "Shanye",
    "云上小屋": "Cloud House",
    "海纳": "Haina",
    "广州妍彩化妆品有限公司": "Guangzhou Yancai Cosmetics",
    "上海澜妆生物科技": "Shanghai Lanzhuang Biotech",
    "杭州清漾护肤品厂": "Hangzhou Qingyang Skin Care",
    "中山沐语日化": "Zhongshan Muyu Daily Care",
    "苏州拾香坊": "Suzhou Shixiang Fragrance",
    "景德镇云窑陶瓷": "Jingdezhen Yunyao Ceramics",
    "南通棉里家纺": "Nantong Mianli Textiles",
    "义乌巧居百货": "Yiwu Qiaoju Household",
    "威海海纳健康": "Weihai Haina Wellness",
    # people
    "陈敏": "Min Chen",
    "王磊": "Lei Wang",
    "李静": "Jing Li",
    "周洋": "Yang Zhou",
    "吴芳": "Fang Wu",
    "徐强": "Qiang Xu",
    "孙丽": "Li Sun",
    "马超": "Chao Ma",
    "朱婷": "Ting Zhu",
    "陈静": "Jing Chen",
    "李想": "Xiang Li",
    "周冉": "Ran Zhou",
    "顾南": "Nan Gu",
    "孙弈": "Yi Sun",
    "何苗": "Miao He",
    "马腾": "Teng Ma",
    "方宁": "Ning Fang",
    "月结 30 天": "30 days",
    "款到发货": "prepaid",
    "新品": "new",
    # the sale
    "双十一狂欢": "Double-11",
    "去年双十一": "Double-11 last year",
    "年中狂欢": "Mid-year sale",
    "开学季": "Back to school",
    "首版目标": "First target",
    "填入老客基数和拉新单价": "Known customers and the price of new ones filled in",
    "跨店每满300减30": "Cross-shop 30 off every 300",
    "店铺券满399减30": "Shop coupon 30 off 399",
    "店铺券满199减12": "Shop coupon 12 off 199",
    "会员95折": "Members 5% off",
    "回归红包5元": "Welcome-back 5 yuan",
    "20点整点秒杀": "Flash price at 20:00",
    "新客券满200减200": "New buyers 200 off 200",
    "定金20抵40": "Deposit 20 counts 40",
    "店铺券满 399 减 30": "Shop coupon 30 off 399",
    "预热早鸟券满 199 减 12": "Early coupon 12 off 199",
    "首页首焦 1": "Home focus 1",
    "首页首焦 2": "Home focus 2",
    "会场头图": "Venue header",
    "预热：加购抽免单": "Warm-up: fill the cart, win the order",
    "预售：定金膨胀": "Pre-sale: deposits count more",
    "爆发：全场 5 折起": "Sale: from half price",
    "领券中心": "Coupon centre",
    "双十一主会场": "Double-11 main venue",
    "预热抢先购": "Warm-up first buy",
    "整点放量": "On the hour",
    "开场秒杀": "Opening flash sale",
    "信息流预热": "Feed warm-up",
    "搜索直通车": "Search ads",
    "达人专场直播": "Influencer live room",
    "会场首焦资源包": "Venue focus package",
    "平台满减配置页还没对我们店开放，已提工单": "The platform has not opened its reduction page for us; ticket filed",
    "主播加场 2 小时": "The host adds two hours",
    "新包装到货前只补一半": "Half until the new packing arrives",
    "引流款，按计划件数让利": "Traffic goods, given away on the planned units",
    **OF_EXPERIMENTS,
    **OF_PEOPLE,
}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it names are said in this language ("zh" | "en")."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def spoken() -> str:
    """The language that is spoken ("zh" | "en")."""
    return _LANGUAGE.get()


def said(text: str) -> str:
    """A name in the language that is spoken; texts that are no names as they are.

    >>> with speaking("en"):
    ...     said("拾光 丝绒雾面口红 礼盒"), said("5 片装·两件"), said("跨店满减")
    ('Shiguang Velvet matte lipstick gift set', '5 sheets, two', '跨店满减')
    """
    if _LANGUAGE.get() != "en" or not text or text.isascii():
        return text
    if text in NAMES:
        return NAMES[text]
    for joint, written in (("·", ", "), (" ", " ")):
        parts = text.split(joint)
        if len(parts) > 1:
            spoken = [said(part) for part in parts]
            if all(part.isascii() for part in spoken):
                return written.join(spoken)
    return text


def translated(value: object) -> object:
    """Every text in a structure of lists and mappings, said."""
    if isinstance(value, dict):
        return {name: translated(item) for name, item in value.items()}
    if isinstance(value, list):
        return [translated(item) for item in value]
    return said(value) if isinstance(value, str) else value
