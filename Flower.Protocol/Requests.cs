// SPDX-License-Identifier: BSD-2-Clause
// The messages that ask for a connection. One file, since they are alike.
using Google.Protobuf;

namespace Flower.Protocol.V1;

/// <content>Reading it.</content>
public sealed partial class Labels
{
    // Null: it is for the generated parser.
    internal static Labels? TryParse(ReadOnlySpan<byte> bytes)
    {
        var labels = new Labels();
        var fields = new FieldReader(bytes);
        while (fields.Next())
        {
            if (fields.Tag == FieldReader.Block(Labels_FieldNumber) && Label.TryParse(fields.Body) is Label label)
            {
                labels.Labels_.Add(label);
            }
            else if (fields.Tag == FieldReader.Block(RequiredKeysFieldNumber) && StringPool.OfAscii(fields.Body) is string key)
            {
                labels.RequiredKeys.Add(key);
            }
            else
            {
                return null;
            }
        }

        return fields.IsAtEnd ? labels : null;
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
