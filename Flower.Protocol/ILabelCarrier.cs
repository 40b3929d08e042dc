// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Protocol.V1;

/// <summary>
/// A message that may have the labels of a connection as they are encoded, and then not in their field: see
/// <see cref="EncodedLabels"/>. Whoever sends it writes it by these members.
/// </summary>
public interface ILabelCarrier
{
    /// <summary>Whether it has labels that are encoded.</summary>
    bool HasEncodedLabels { get; }

    /// <summary>The bytes of the message with them.</summary>
    int MeasureWithLabels();

    /// <summary>Writes the message with them.</summary>
    /// <param name="to">As many bytes as <see cref="MeasureWithLabels"/> says.</param>
    void WriteWithLabels(Span<byte> to);
}
