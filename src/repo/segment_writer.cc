// SPDX-License-Identifier: Apache-2.0
#include "repo/segment_writer.h"

