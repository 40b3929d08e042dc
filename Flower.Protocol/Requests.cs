// SPDX-License-Identifier: BSD-2-Clause
// The messages that ask for a connection. One file, since they are alike.
using Google.Protobuf;

namespace Flower.Protocol.V1;

/// <content>Reading it.</content>
public sealed partial class Labels
{
    // Larger ones are not kept.
    private const int MaxKept = 1024;

    // Those that were read last on this thread. Most of the next ones are the same: nobody changes them.
    [ThreadStatic]
    private static (byte[] Bytes, Labels Read)? _last;

    // Null: it is for the generated parser.
    internal static Labels? TryParse(ReadOnlySpan<byte> bytes)
    {
        var labels = new Labels();
        var fields = new FieldReader(bytes);
        var before = new FieldReader(_last is var (last, _) ? last : default);
        for (int i = 0; fields.Next(); i++)
        {
            ReadOnlySpan<byte> body = fields.Body;
            if (fields.Tag == FieldReader.Block(Labels_FieldNumber))
            {
                if (!before.Next() || before.Tag != fields.Tag)
                {
                    before = default;
                }

                bool isSame = !before.Body.IsEmpty && before.Body.SequenceEqual(body);
                if ((isSame ? _last!.Value.Read.Labels_[i] : Label.TryParse(body)) is not Label label)
                {
                    return null;
                }

                labels.Labels_.Add(label);
            }
            else if (fields.Tag == FieldReader.Block(RequiredKeysFieldNumber) && StringPool.OfAscii(body) is string key)
            {
                labels.RequiredKeys.Add(key);
                // As they are written, no label follows.
                before = default;
            }
            else
            {
                return null;
            }
        }

        if (!fields.IsAtEnd)
        {
            return null;
        }

        if (bytes.Length is > 0 and <= MaxKept)
        {
            _last = (bytes.ToArray(), labels);
        }

        return labels;
    }
}

/// <content>Reading it.</content>
public sealed partial class Label
{
    internal static Label? TryParse(ReadOnlySpan<byte> bytes)
    {
        var label = new Label();
        var fields = new FieldReader(bytes);
        while (fields.Next())
        {
            if (StringPool.OfAscii(fields.Body) is not string text)
            {
                return null;
            }

            if (fields.Tag == FieldReader.Block(KeyFieldNumber))
            {
                label.Key = text;
            }
            else if (fields.Tag == FieldReader.Block(ValueFieldNumber))
            {
                label.Value = text;
            }
            else
            {
                return null;
            }
        }

        return fields.IsAtEnd ? label : null;
    }
}

/// <content>Reading it.</content>
public sealed partial class IngressConnectRequest
{
    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    public static IngressConnectRequest Parse(ReadOnlyMemory<byte> bytes) =>
        TryParse(bytes.Span) ?? Parser.ParseFrom(bytes.Span);

    private static IngressConnectRequest? TryParse(ReadOnlySpan<byte> bytes)
    {
        var request = new IngressConnectRequest();
        var fields = new FieldReader(bytes);
        while (fields.Next())
        {
            switch (fields.Tag)
            {
                case (LabelsFieldNumber << 3) | 2 when request.Labels is null && Labels.TryParse(fields.Body) is Labels labels:
                    request.Labels = labels;
                    break;
                case (SocketFieldNumber << 3) | 2 when request.Socket is null:
                    request.Socket = LabelCarriers.ReadSocket(fields.Body);
                    break;
                case RelatedOnlyFieldNumber << 3:
                    request.RelatedOnly = fields.Value != 0;
                    break;
                case WaitFieldNumber << 3:
                    request.Wait = fields.Value != 0;
                    break;
                case RelayFieldNumber << 3:
                    request.Relay = fields.Value != 0;
                    break;
                case RevocableFieldNumber << 3:
                    request.Revocable = fields.Value != 0;
                    break;
                case BalanceFieldNumber << 3:
                    request.Balance = (Balance)fields.Value;
                    break;
                case MaxTriesFieldNumber << 3:
                    request.MaxTries = fields.Value;
                    break;
                default:
                    return null;
            }
        }

        return fields.IsAtEnd ? request : null;
    }
}
