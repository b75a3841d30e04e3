"""Programs as people write them, each a function `f(n)` of an integer; what they give must be the same everywhere."""

HONEST = (
    "def f(n): return sum(i * i for i in range(abs(n) % 1000))",
    "def f(n): return sorted(str(n) * 3)",
    "from collections import Counter\ndef f(n): return dict(Counter(str(n)))",
    "from fractions import Fraction\ndef f(n): return str(Fraction(n, 7) + Fraction(1, 3))",
    "import re\ndef f(n): return re.sub(r'\\d', lambda m: str(9 - int(m[0])), str(n))",
    "from datetime import date, timedelta\ndef f(n): return (date(2000, 1, 1) + timedelta(days=n % 10000)).isoformat()",
    "from functools import cache\n@cache\ndef g(n): return n if n < 2 else g(n - 1) + g(n - 2)\ndef f(n): return g(n % 200)",
    "import heapq\ndef f(n):\n    h = [n, -n, 0]\n    heapq.heapify(h)\n    return heapq.nsmallest(2, h)",
    "class Stack:\n    def __init__(self): self.kept = []\n    def push(self, x): self.kept.append(x)\ndef f(n):\n    s = Stack()\n    s.push(n)\n    return s.kept",
    "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef f(n): return P(n).x",
    "import math\ndef f(n): return [math.gcd(n, 36), math.isqrt(abs(n)), math.sin(n)]",
    "def f(n): return 1 // (n % 3)",
    "def f(n): return {1, 2, n}",
    "import itertools\ndef f(n): return [list(p) for p in itertools.permutations([1, 2, n % 5])][:4]",
    "import hashlib, base64\ndef f(n): return base64.b64encode(hashlib.sha256(str(n).encode()).digest()).decode()",
    "from decimal import Decimal\ndef f(n): return str(Decimal(n) / Decimal(8))",
    "import statistics\ndef f(n): return statistics.mean([n, 1, 2])",
    "from datetime import datetime\ndef f(n): return datetime.strptime('2024-02-29', '%Y-%m-%d').weekday() + n",
    "def f(n):\n    try:\n        return [][n]\n    except IndexError:\n        return 'none'",
    "import textwrap, string, json\ndef f(n): return textwrap.fill(string.ascii_letters * 2, 20) + json.dumps({'n': n})",
)  # fmt: skip
