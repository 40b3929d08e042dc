// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.State;
using Google.Protobuf;

namespace Flower.Rpc.Server;

/// <summary>Where the handler of a call goes on that another process has begun.</summary>
/// <param name="State">What that process's handler saved.</param>
/// <param name="Descriptors">Where the numbers in it stand.</param>
public sealed record CallCheckpoint(ByteString State, DescriptorTable Descriptors);
