// SPDX-License-Identifier: BSD-2-Clause
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Flower.Rpc.Transport;

/// <summary>gRPC metadata to protocol messages and back.</summary>
internal static class MetadataCodec
{
    internal static Grpc.Core.Metadata Read(RepeatedField<Protocol.V1.Metadata> entries)
    {
        var metadata = new Grpc.Core.Metadata();
        foreach (Protocol.V1.Metadata entry in entries)
        {
            try
            {
                metadata.Add(entry.Key.EndsWith(Grpc.Core.Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase)
                    ? new Grpc.Core.Metadata.Entry(entry.Key, entry.Value.ToByteArray())
                    : new Grpc.Core.Metadata.Entry(entry.Key, entry.Value.ToStringUtf8()));
            }
            catch (ArgumentException e)
            {
                throw new PacketException($"metadata that is not well-formed: {e.Message}");
            }
        }

        return metadata;
    }

    internal static void Write(Grpc.Core.Metadata? metadata, RepeatedField<Protocol.V1.Metadata> into)
    {
        if (metadata is null)
        {
            return;
        }

        foreach (Grpc.Core.Metadata.Entry entry in metadata)
        {
            into.Add(new Protocol.V1.Metadata { Key = entry.Key, Value = ByteString.CopyFrom(entry.ValueBytes) });
        }
    }
}
