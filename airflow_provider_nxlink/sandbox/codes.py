"""The codes the sandbox answers with, and their texts."""

SUCCESS = 0
FAILURE = -1
HEADER_MISSING = 1001
BAD_COMMON_PARAMETER = 1002
BAD_SIGNATURE = 1003
TIMESTAMP_EXPIRED = 1004
NO_PERMISSION = 1005
NO_WHATSAPP_APP = 22016
BAD_PARAMETER = 22072

# The service localises its texts, so a client that reads them instead of the number is caught by "zh".
TEXTS: dict[int, dict[str, str]] = {
    FAILURE: {"en": "Failure", "zh": "失败"},
    HEADER_MISSING: {"en": "Common header missing", "zh": "公共请求头缺失"},
    BAD_COMMON_PARAMETER: {"en": "Wrong bizType or action", "zh": "业务类型或操作错误"},
    BAD_SIGNATURE: {"en": "Invalid signature", "zh": "签名错误"},
    TIMESTAMP_EXPIRED: {"en": "Timestamp expired", "zh": "时间戳已过期"},
    NO_PERMISSION: {"en": "No permission", "zh": "无权限"},
    NO_WHATSAPP_APP: {"en": "WhatsApp app not configured", "zh": "商户未配置WhatsApp应用"},
    BAD_PARAMETER: {"en": "Parameter error", "zh": "参数错误"},
}


class RefusalError(Exception):
    """What the service would not do: a code, and in English the detail a person needs."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def message_for(code: int, detail: str, language: str) -> str:
    """Return the text that goes with a code; only English carries the detail."""
    if code == SUCCESS:
        return ""
    text = TEXTS.get(code, TEXTS[FAILURE]).get(language, "")
    return f"{text}: {detail}" if detail and language == "en" else text
