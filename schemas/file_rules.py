"""Rules on a file (1xxx) and on its structure (2xxx): number, severity and the words a clerk reads.

Templates are `str.format` strings; the reader fills them. Value and relation rules live in `schemas/rules.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

RESAVE = "请用 Excel 打开并核对后，另存为 xlsx 再重新报送。"


@dataclass(frozen=True, slots=True)
class FileRule:
    """One rule on a file or its structure; an error that stands on no row rejects the whole file."""

    number: str
    severity: str  # "error" or "warning"
    label: str
    message: str
    suggestion: str


_RULES = (
    # --- 1xxx: the file as a whole --------------------------------------------------------------------------------
    FileRule("1001", "error", "表名不识别", "从文件名“{name}”认不出是哪张报送表。{closest}",
             "{rename}文件名应为“表名_行政区代码_年份”，如“供地结果_330100_2026.xlsx”。表名须为下列之一：{tables}。"),
    FileRule("1002", "error", "文件为空", "文件里没有任何内容。", "请确认导出成功、文件不是空白表，再重新报送。"),
    FileRule("1003", "error", "文件类型不受理", "文件内容是{what}，不是可以读取的数据表。", "{remedy}"),
    FileRule("1004", "error", "文件已损坏", "文件已损坏或没有传完，无法读取。", "请用 Excel 打开原文件核对；能打开的，另存为 xlsx 再重新报送；打不开的，请重新导出。"),
    FileRule("1005", "error", "文件已加密", "文件设有打开密码或已加密，无法读取。", "请在 Excel 中取消密码（文件—信息—保护工作簿），另存为 xlsx 再重新报送。"),
    FileRule("1006", "error", "文件过大", "文件展开后过大（{what}），为安全起见没有读取。",
             "请删去无关的图片、格式和远处的零星内容，只留数据；数据确实很多时，请改用 CSV 或分批报送。"),
    FileRule("1007", "warning", "后缀与内容不符", "文件后缀是“{suffix}”，内容实际是 {form}，已按 {form} 读取。", "请把后缀改正确，或用 Excel 另存为 xlsx 再报送。"),
    FileRule("1008", "warning", "文件名不完整", "文件名中没有写明{missing}。", "文件名应为“表名_行政区代码_年份”，如“{like}”。"),
    FileRule("1009", "error", "无法读取", "程序没能读取这个文件。", "请用 Excel 另存为 xlsx 后重新报送；仍不行的，请把文件交给技术支持。"),
    # --- 2xxx: its structure --------------------------------------------------------------------------------------
    FileRule("2001", "error", "找不到表头", "在前 {rows} 行里没有找到《{table}》的表头。", "{other}请保留模板的表头行；必填列为：{required}。"),
    FileRule("2002", "error", "缺少必填列", "缺少必填列：{columns}。", "请补上这些列后重新报送。{closest}"),
    FileRule("2003", "warning", "未知列", "第 {letter} 列“{header}”不在《{table}》的约定之内，已忽略。", "{closest}不需要报送的，可以删去此列。"),
    FileRule("2004", "error", "单位不符", "第 {letter} 列“{header}”的单位“{unit}”不能用于此列，此列无法读取。", "请改用约定的单位：{units}，数值一并换算。"),
    FileRule("2005", "error", "列重复", "“{label}”在第 {letters} 列重复出现，内容又不相同，无法判断以哪一列为准。", "请只保留一列“{label}”后重新报送。"),
    FileRule("2006", "warning", "列重复", "“{label}”在第 {letters} 列重复出现，内容不矛盾，已采用第 {letter} 列。", "请只保留一列“{label}”。"),
    FileRule("2007", "error", "文字无法识别", "第 {row} 行含有无法识别的文字（编码错误），此行没有读取。", "请在原文件中改正此行的乱码后重新报送此行。"),
    FileRule("2008", "error", "引号不配对", "第 {row} 行的引号不配对，此行没有读取。", "请删去或补齐此行的双引号后重新报送此行。"),
    FileRule("2009", "error", "列数过多", "第 {row} 行多出内容：表头只有 {expected} 列，此行的列数更多，此行没有读取。", "单元格里如有分隔符“{separator}”，请给该单元格加上双引号，或改用 xlsx 报送。"),
    FileRule("2010", "error", "列数不足", "第 {row} 行只有 {found} 列，表头有 {expected} 列，缺了必填列，此行没有读取。", "此行可能没有写完或漏了分隔符，请补齐后重新报送此行。"),
    FileRule("2011", "warning", "行尾缺列", "有 {count} 行（首见第 {row} 行）的列数少于表头，所缺的非必填列按空白处理。", "请核对这些行是否完整。"),
    FileRule("2012", "warning", "隐藏工作表", "工作表“{sheet}”已隐藏，其中的数据没有读取。", "确需报送的，请取消隐藏后重新报送；不需要的，请删去。"),
    FileRule("2013", "warning", "没有数据行", "找到了《{table}》的表头，但下面没有数据行。", "如确无数据，可不报送此表；否则请补上数据后重新报送。"),
    FileRule("2014", "error", "记录无法解析", "第 {row} 条记录不是完整的 JSON，没有读取。", "请从源系统重新导出后再报送。"),
    FileRule("2015", "warning", "无表头的列", "第 {letter} 列没有表头却有内容，已忽略。", "请补上表头，或删去此列。"),
    FileRule("2016", "error", "所在列无法读取", "第 {letter} 列“{header}”无法读取（{why}），本行在此列填有“{value}”，此行没有读取。", "请改正第 {letter} 列的表头后重新报送此行；此列不报送的，可以删去。"),
    FileRule("2017", "warning", "表外写有别的单位", "表外写有“{text}”，而{headers}的表头没有写单位，已按约定的{unit}读取。",
             "请核对：面积确以{unit}填写的，请删去该说明或在表头写明“（{unit}）”；不是的，请在表头写明实际单位，再重新报送。"),
    FileRule("2018", "warning", "另一张报送表", "工作表“{sheet}”是《{table}》，其中的数据没有读取：一个文件只报一张表。",
             "需要报送的，请另存为单独的文件“{name}”。"),
    FileRule("2019", "error", "像是合计行", "第 {row} 行以“{text}”开头，又缺主键，像是合计行，没有读取。",
             "是合计的，请删去此行，或首格只写“合计”“总计”“小计”；不是合计的，请补齐必填项后重新报送。"),
    FileRule("2020", "warning", "数据区有合并单元格", "{cells} 是合并单元格，只有左上角一格有值，其余的格按空白读取。",
             "请取消合并，把值逐行填写后重新报送。"),
)  # fmt: skip

FILE_RULES: dict[str, FileRule] = {rule.number: rule for rule in _RULES}
